import * as fs from "node:fs";

import { isControlPlane, type NodeSpec } from "../../components/inventory";
import { run } from "../../components/remote/ssh";
import { benchmark, controls } from "../../operations/audit/controls";
import type { ApiFacts, NodeFacts } from "../../operations/audit/facts";
import { count, judge, type Verdict } from "../../operations/audit/judge";
import { question, readAnswer } from "../../operations/audit/question";
import type { Client } from "../../standins/kubernetes/client";
import { ApiError } from "../../standins/kubernetes/errors";
import { accessOf, apiClient, type ApiAccess } from "../apiAccess";
import type { Arguments } from "../arguments";
import { machinesOf } from "../machines";
import { kubeconfigFile, table } from "../outputs";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { commandFor } from "../texts";

/** How long a machine or the API may take for its answer, in milliseconds. */
const patience = 20_000;

/** What was found, and who gave no answer, in sentences. */
export interface Audit {
    readonly verdicts: readonly Verdict[];
    readonly unseen: readonly string[];
}

/**
 * `slipway audit`: holds a living cluster against the table of controls. Asks every node and the API at once and changes
 * nothing. Ends with 1 when something fails, or when somebody gave no answer.
 */
export async function audit(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack, configFile } = args;
    const prepared = await prepare({ stack, configFile, root, progress, purpose: "inspect" });
    const machines = await machinesOf(prepared);
    const [nodes, api] = await Promise.all([Promise.all(machines.map(askMachine)), askApi(kubeconfigFile(stack))]);
    const answers = nodes.filter((node) => typeof node !== "string");
    const found: Audit = {
        verdicts: judge(controls, answers, typeof api === "string" ? undefined : api),
        unseen: [...nodes, api].filter((answer) => typeof answer === "string"),
    };
    const text = args.switches.includes("--json") ? JSON.stringify(found, null, 2) : auditTable(found, args);
    process.stdout.write(`${text}\n`);
    return found.unseen.length > 0 || count(found.verdicts).fails > 0 ? 1 : 0;
}

/** What a machine says, or a sentence on why it says nothing. */
async function askMachine(node: NodeSpec): Promise<NodeFacts | string> {
    const { name, ssh } = node;
    try {
        const { code, stdout, stderr } = await run(ssh, question, { timeout: patience });
        if (code !== 0) return `${name} could not be asked: ${stderr.trim().split("\n").pop()}`;
        return readAnswer(name, isControlPlane(node), stdout);
    } catch (error) {
        return `${name} gave no answer: ${(error as Error).message}`;
    }
}

/** What the API says, or a sentence on why it says nothing. */
async function askApi(file: string): Promise<ApiFacts | string> {
    if (!fs.existsSync(file)) return "The API was not asked: there is no kubeconfig yet.";
    const access = accessOf(fs.readFileSync(file, "utf8"));
    const client = apiClient(access);
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    try {
        const [namespaces, clusterRoles, roles, clusterRoleBindings, roleBindings, pods, anonymous] = await Promise.all(
            [
                list<ApiFacts["namespaces"]>(client, "/api/v1/namespaces"),
                list<ApiFacts["clusterRoles"]>(client, `${rbac}/clusterroles`),
                list<ApiFacts["roles"]>(client, `${rbac}/roles`),
                list<ApiFacts["clusterRoleBindings"]>(client, `${rbac}/clusterrolebindings`),
                list<ApiFacts["roleBindings"]>(client, `${rbac}/rolebindings`),
                list<ApiFacts["pods"]>(client, "/api/v1/pods"),
                statusWithoutCredential(access),
            ],
        );
        return { namespaces, clusterRoles, roles, clusterRoleBindings, roleBindings, pods, anonymous };
    } catch (error) {
        return `The API gave no answer: ${(error as Error).message}`;
    } finally {
        client.close();
    }
}

async function list<T>(client: Client, path: string): Promise<T> {
    return (await client.request<{ items: T }>("GET", path, { timeout: patience })).items;
}

async function statusWithoutCredential(access: ApiAccess): Promise<number> {
    const client = apiClient({ ...access, cert: undefined, key: undefined });
    try {
        await client.request("GET", "/api", { timeout: patience });
        return 200;
    } catch (error) {
        if (error instanceof ApiError) return error.code;
        throw error;
    } finally {
        client.close();
    }
}

/** The findings for people: what fails, then the exceptions, then how many there are of each. */
export function auditTable({ verdicts, unseen }: Audit, args: Pick<Arguments, "stack" | "configFile">): string {
    const failing = verdicts.filter(({ outcome }) => outcome === "fails");
    const excepted = verdicts.filter(({ outcome }) => outcome === "exception");
    const passing = verdicts.filter(({ outcome }) => outcome === "passes");
    const { passes, fails, exception } = count(verdicts);
    return [
        benchmark,
        table([["CONTROL", "PASSES"], ...passing.map(({ id, title }) => [id, title])]),
        "",
        table([["CONTROL", "EXCEPTION (docs/security.md says why)"], ...excepted.map(({ id, title }) => [id, title])]),
        ...(failing.length > 0
            ? ["", failures(failing), "", `${commandFor("up", args)} mends files, flags and settings.`]
            : []),
        "",
        `${passes} pass, ${exception} are exceptions with a reason, ${fails} ${fails === 1 ? "fails" : "fail"}.`,
        ...unseen.map((sentence) => `Not seen: ${sentence}`),
    ].join("\n");
}

function failures(failing: readonly Verdict[]): string {
    const rows = failing.flatMap(({ id, title, problems }) =>
        problems.map(({ where, what }, index) => [
            index === 0 ? id : "",
            where,
            index === 0 ? `${title}: ${what}` : what,
        ]),
    );
    return table([["CONTROL", "WHERE", "FAILS"], ...rows]);
}
