export { brisk, connectionTo, patient, Patience } from "./connection";
export { contact, ContactArgs } from "./contact";
export { driftIn, driftMessage, driftMessages } from "./drift";
export { founding, FoundingArgs } from "./founding";
export { nodesReady, NodesReadyArgs } from "./gate";
export { askHoldings, Holding, parseHoldings } from "./holdings";
export { joinToken, JoinTokenArgs } from "./join";
export { installedStep, kitFolder, kitHash, kitHome, kitPath, uploadedStep, uploadFolder } from "./kit";
export { look, Look } from "./look";
export { membership, MembershipArgs } from "./member";
export { baseArguments, nodeStep, NodeStepArgs, StepKind, stepKinds } from "./nodeStep";
export {
    KindReport,
    NodeReport,
    probeNode,
    probeNodes,
    ProbeOptions,
    unreachableWarnings,
    warnOfNotices,
    warnOfUnreachable,
} from "./probe";
export { askRemovedApis, parseRemovedApis, RemovedApi } from "./removedApis";
export { restartClients, RestartClientsArgs } from "./restartClients";
export { rewriteSecrets, RewriteSecretsArgs } from "./rewriteSecrets";
export { run, RunOptions, RunResult } from "./ssh";
