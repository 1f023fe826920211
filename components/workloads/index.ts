export * from "./classics";
export * from "./helloKube";
export * from "./myNginx";
export * from "./redis";
export * from "./staticPod";
export * from "./workload";
export * from "./workloads";
