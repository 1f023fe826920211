export { Lab, type LabArgs } from "./lab";
export { loadLab, refuseMisfits, type LabPlaces } from "./load";
