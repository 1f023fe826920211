/** The configuration of a provider resource: which cluster, as whom, and how. */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { CheckFailure } from "../provider";
import type { Values } from "../values";
import { messageOf } from "./errors";

/** The configuration, decoded. */
export interface Settings {
    /** Absent when there is no usable one: then `unusable` says why, as a sentence. */
    kubeConfig?: KubeConfig;
    unusable?: string;
    /** For namespaced objects that don't name theirs; "" when not even a kubeconfig is there. */
    defaultNamespace: string;
    /** Resources of a cluster that can't be reached count as deleted. */
    deleteUnreachable: boolean;
    /** Resources of a cluster that can't be reached count as unchanged. */
    skipUpdateUnreachable: boolean;
    /** Fields of other managers are taken over instead of reported as a conflict. */
    patchForce: boolean;
    /** A create of an object that exists updates it. */
    upsert: boolean;
    /** ConfigMaps and Secrets are changed in place; otherwise new content makes a new object. */
    configMapMutable: boolean;
    secretMutable: boolean;
}

const isTrue = (value: unknown): boolean => value === true || value === "true";
const isFalse = (value: unknown): boolean => value === false || value === "false";

/** A switch: the program's word, else the environment's. */
const flag = (value: unknown, variable: string): boolean => isTrue(value ?? process.env[variable]);

/** The text of a kubeconfig, which is given as a path or as it is (YAML or JSON). */
export function kubeconfigText(given: unknown): string {
    if (typeof given !== "string") return JSON.stringify(given);
    const path = given === "~" || given.startsWith("~/") ? join(homedir(), given.slice(1)) : given;
    if (path.includes("\n") || !statSync(path, { throwIfNoEntry: false })?.isFile()) return given;
    return readFileSync(path, "utf8");
}

function load(config: Values): KubeConfig {
    const kubeConfig = new KubeConfig();
    if (config.kubeconfig) kubeConfig.loadFromString(kubeconfigText(config.kubeconfig));
    else kubeConfig.loadFromDefault();
    if (config.context) kubeConfig.setCurrentContext(config.context);
    const { currentContext, contexts } = kubeConfig;
    const context = contexts?.find(({ name }) => name === currentContext);
    if (!context) throw new Error(`it has no context "${currentContext ?? ""}"`);
    if (config.cluster) Object.assign(context, { cluster: config.cluster });
    if (!kubeConfig.getCurrentCluster()) throw new Error(`it has no cluster "${context.cluster}"`);
    if (!kubeConfig.getCurrentUser()) throw new Error(`it has no user "${context.user}"`);
    return kubeConfig;
}

/** Decodes a provider resource's configuration. Never throws: a cluster that can't be reached is for later. */
export function settingsOf(config: Values): Settings {
    const settings: Settings = {
        defaultNamespace: config.namespace ?? "",
        deleteUnreachable: flag(config.deleteUnreachable, "PULUMI_K8S_DELETE_UNREACHABLE"),
        skipUpdateUnreachable: flag(config.skipUpdateUnreachable, "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
        patchForce: flag(config.enablePatchForce, "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert: flag(config.upsertExistingObjects, "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        configMapMutable: flag(config.enableConfigMapMutable, "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        secretMutable: flag(config.enableSecretMutable, "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
    };
    try {
        settings.kubeConfig = load(config);
        const context = settings.kubeConfig.getContextObject(settings.kubeConfig.getCurrentContext());
        settings.defaultNamespace ||= context?.namespace || "default";
    } catch (error) {
        settings.unusable = `The provider's kubeconfig can't be used: ${messageOf(error)}.`;
    }
    return settings;
}

/** What this stand-in can't do, of what a configuration asks for. */
export function settingsFailures(config: Values): CheckFailure[] {
    const failures: CheckFailure[] = [];
    if (isFalse(config.enableServerSideApply)) {
        const reason = "The kubernetes stand-in only knows server-side apply: leave enableServerSideApply on.";
        failures.push({ property: "enableServerSideApply", reason });
    }
    if (config.renderYamlToDirectory) {
        const reason = "The kubernetes stand-in doesn't render YAML: install Pulumi's own plugin for that.";
        failures.push({ property: "renderYamlToDirectory", reason });
    }
    return failures;
}
