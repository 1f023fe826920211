export { Lab, type LabArgs } from "./lab";
export { labCluster, loadLab, type LabPlaces } from "./load";
