// The arrows between the rooms (docs/design: "Arrows go one way") are held here.
import tseslint from "typescript-eslint";

const forbid = (files, patterns, except = []) => ({
    files,
    ignores: except,
    rules: { "no-restricted-imports": ["error", { patterns }] },
});
const pulumi = { group: ["@pulumi/*"], message: "This room is pure: plain values in, plain values out." };
const command = {
    group: ["@pulumi/command", "@pulumi/command/*"],
    message: "Only components/remote talks to machines.",
};
const kubernetes = {
    group: ["@pulumi/kubernetes", "@pulumi/kubernetes/*"],
    message: "Only access, addons and workloads.",
};
const docker = { group: ["@pulumi/docker", "@pulumi/docker/*"], message: "Only lab." };
const tls = { group: ["@pulumi/tls", "@pulumi/tls/*"], message: "Only components/pki." };
const lab = { group: ["**/lab", "**/lab/*"], message: "Nothing imports lab but the program: index.ts and build.ts." };

export default tseslint.config(
    { ignores: ["node_modules/**"] },
    ...tseslint.configs.recommended,
    { rules: { "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }] } },
    // Mocha takes its reporters as CommonJS.
    { files: ["**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
    forbid(["components/render/**", "components/inventory/**", "mirror/**"], [pulumi, lab]),
    forbid(["components/config/**"], [pulumi, lab], ["components/config/load.ts"]),
    forbid(["components/remote/**"], [kubernetes, docker, tls, lab]),
    forbid(["components/pki/**"], [kubernetes, docker, command, lab]),
    forbid(["components/node/**", "components/controlplane/**", "components/*.ts"], [command, docker, tls, lab]),
    forbid(["components/access/**", "components/addons/**", "components/workloads/**"], [command, docker, tls, lab]),
    forbid(["operations/changes/**", "operations/preflight/**", "operations/rotation/**"], [pulumi, lab]),
    forbid(["dashboard/**"], [pulumi, lab]),
    forbid(["lab/**"], [command, kubernetes, tls]),
);
