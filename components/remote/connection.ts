import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";

import { SshTarget } from "../inventory/node";

/** How long to keep dialling a machine. */
export interface Patience {
    /** Failed dials before giving up; the provider waits 0.1 s after the first and up to 5 s after later ones. */
    readonly dials: number;
    /** Seconds for one dial, so that an address nobody answers on costs a stated time. */
    readonly seconds: number;
}

/** For a machine that may still be booting: about two minutes of refused connections. */
export const patient: Patience = { dials: 34, seconds: 5 };

/** For a machine that answered a moment ago: about eleven seconds. */
export const brisk: Patience = { dials: 10, seconds: 10 };

/**
 * The provider's view of an SSH target. Private keys are secrets; without a key the SSH agent is asked, and
 * without a host key any is accepted (preflight warns of that).
 */
export function connectionTo(target: SshTarget, patience: Patience = brisk): command.types.input.remote.ConnectionArgs {
    const { proxy, ...direct } = target;
    const hop = (to: Omit<SshTarget, "proxy">) => ({
        host: to.host,
        port: to.port,
        user: to.user,
        ...(to.privateKey === undefined ? {} : { privateKey: pulumi.secret(to.privateKey) }),
        ...(to.hostKey === undefined ? {} : { hostKey: to.hostKey }),
        dialErrorLimit: patience.dials,
        perDialTimeout: patience.seconds,
    });
    return proxy === undefined ? hop(direct) : { ...hop(direct), proxy: hop(proxy) };
}
