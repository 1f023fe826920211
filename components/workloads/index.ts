export * from "./helloKube";
export * from "./myNginx";
export * from "./workload";
