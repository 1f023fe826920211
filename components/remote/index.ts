export { brisk, connectionTo, patient, Patience } from "./connection";
export { contact, ContactArgs } from "./contact";
export { nodesReady, NodesReadyArgs } from "./gate";
export { joinToken, JoinTokenArgs } from "./join";
export { installedStep, kitFolder, kitHash, kitHome, kitPath, uploadedStep, uploadFolder } from "./kit";
export { baseArguments, nodeStep, NodeStepArgs, StepKind, stepKinds } from "./nodeStep";
export { KindReport, NodeReport, probeNode, probeNodes, ProbeOptions, warnOfUnreachable } from "./probe";
export { run, RunOptions, RunResult } from "./ssh";
