export { prepare, checkout, type Prepared, type PrepareOptions, type Purpose } from "./prepare";
export { cacheFolder, dataFolder } from "./paths";
export { mirrorFolder, readRecord, type StackRecord } from "./stackRecord";
export { Progress, type Report } from "./progress";
export { Failure, explain } from "./failure";
