import { isControlPlane } from "../../components/inventory";
import { askEach } from "../../components/remote/atOnce";
import { authorityProblems, type AuthoritiesReport } from "../../operations/rotation/authorities";
import type { Course, Phase } from "../../operations/rotation/course";
import { askKit } from "../askKit";
import { differencesOf, type Asked, type Subject } from "./subject";

/** The cluster's, etcd's and the front proxy's authority, together. */
export const authorities: Subject = {
    command: "rotate-ca",
    what: "the authorities",
    key: "certificates",
    concerns: () => true,
    trusted: ({ trusts = [], applied = [] }) => [...trusts, ...applied],
    told(phase: Phase, { from, to }: Course): string {
        switch (phase) {
            case "trust":
                return (
                    `Everything trusts the authorities of generation ${from} and of generation ${to}; ${from} signs. Copies of ` +
                    `the kubeconfig that people have elsewhere know ${from} only: \`npm run kubeconfig\` gives new ones.`
                );
            case "sign":
                return `Generation ${to} signs, and nothing shows a certificate of generation ${from} any more.`;
            case "drop":
                return (
                    `Generation ${from} is gone: nobody trusts it, and its keys aren't in the state any more. Certificates for ` +
                    "other users that it had signed are refused now: make new ones (docs/users.md)."
                );
        }
    },
    async problems(phase, course, asked) {
        const { machines, reports } = asked;
        const answers = await askEach(machines, async (machine) => {
            const answer = await askKit(machine, "authorities");
            return {
                name: machine.name,
                controlPlane: isControlPlane(machine),
                differences: differencesOf(reports[machine.name]),
                ...(answer.text === undefined ? answer : { report: JSON.parse(answer.text) as AuthoritiesReport }),
            };
        });
        const found = authorityProblems(phase, course, answers);
        return phase === "trust" ? [...found, ...(await clientProblems(course, asked))] : found;
    },
};

/** Pods that may not trust the new authority yet. */
async function clientProblems({ to }: Course, { args, machines }: Asked): Promise<string[]> {
    if (args.switches.includes("--leave-pods")) return [];
    const answer = await askKit(machines.find(isControlPlane)!, "old-clients");
    if (answer.text === undefined) return [`nobody says which pods use the API: ${answer.problem}`];
    const lines = answer.text.split("\n").filter((line) => line !== "");
    return lines.map((line) => {
        const [pod, controller] = line.split(" ");
        const why = controller === "-" || controller.startsWith("Job/") ? "nothing replaces it" : `${controller} waits`;
        return (
            `the pod ${pod} may not trust generation ${to} yet, and ${why}: delete it and let it be made anew, or say ` +
            "--leave-pods where it doesn't call the API"
        );
    });
}
