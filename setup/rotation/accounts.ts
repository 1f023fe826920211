import { isControlPlane } from "../../components/inventory";
import { accountProblems, lastingTokens, lastTokenEnds } from "../../operations/rotation/accounts";
import type { AuthoritiesReport } from "../../operations/rotation/authorities";
import type { Course, Phase } from "../../operations/rotation/course";
import { askKit } from "../askKit";
import { Failure } from "../failure";
import { commandFor } from "../texts";
import { differencesOf, type Asked, type Subject } from "./subject";

/**
 * The key that signs tokens of service accounts. It goes by itself, for its old one can't be dropped before the last
 * token has ended, and the authorities needn't wait for that.
 */
export const accounts: Subject = {
    command: "rotate-service-accounts",
    what: "the key of service accounts",
    key: "serviceAccounts",
    concerns: isControlPlane,
    trusted: ({ accounts }) => accounts?.verifies ?? [],
    told(phase: Phase, { from, to }: Course): string {
        switch (phase) {
            case "trust":
                return `Every API server takes tokens of generation ${from} and ${to}; the key of generation ${from} signs.`;
            case "sign":
                return `The key of generation ${to} signs; tokens that ${from} has signed are good until they end.`;
            case "drop":
                return `The key of generation ${from} is gone, and with it every token that it has signed.`;
        }
    },
    problems: async (phase, course, asked) => accountProblems(phase, course, answersOf(asked)),
    async notYet(asked) {
        const { args, machines } = asked;
        const answers = answersOf(asked);
        const again = commandFor("rotate-service-accounts", args);
        const ends = lastTokenEnds(answers);
        if (Date.now() < ends) {
            return (
                `A token lives for a day at most, so the last one of the old key ends by ${new Date(ends).toISOString()}: ` +
                `say ${again} again after that, and the old key goes.`
            );
        }
        const answer = await askKit(machines[0], "authorities");
        if (answer.text === undefined) throw new Failure(`Nobody says which tokens there are: ${answer.problem}`);
        const { lasting = [] } = JSON.parse(answer.text) as AuthoritiesReport;
        const old = lastingTokens(lasting, answers);
        if (old.length === 0) return undefined;
        throw new Failure(
            `Tokens that never end were signed with the old key, in the Secrets ${old.join(", ")}. Delete each of them and ` +
                `make it anew, or let its user ask for tokens that end; then say ${again} again. Nothing was changed.`,
        );
    },
};

const answersOf = ({ machines, reports }: Asked) =>
    machines.map(({ name }) => {
        const { accounts, problem } = reports[name];
        return { name, accounts, problem, differences: differencesOf(reports[name]) };
    });
