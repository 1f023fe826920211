/** Waits until an object is ready, as its kind means it. */
export { assertReady } from "./assertReady";
export { NotReadyError, titleOf } from "./awaiter";
export { timeoutOf } from "./kinds";
export { untilReady } from "./untilReady";
