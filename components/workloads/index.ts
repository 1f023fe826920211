export * from "./helloKube";
export * from "./myNginx";
export * from "./workload";
export * from "./workloads";
