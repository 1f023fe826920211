import { utils } from "ssh2";

/** A key pair in OpenSSH's form. */
export interface KeyPair {
    readonly private: string;
    readonly public: string;
}

/**
 * Makes an ed25519 key pair.
 *
 * One time in 256 the public half begins with a zero byte, which ssh2 1.17 leaves out: sshd and ssh refuse what comes
 * out, and so does ssh2 itself. Then another one is made.
 */
export function makeKeyPair(comment = ""): KeyPair {
    for (;;) {
        const pair = utils.generateKeyPairSync("ed25519", { comment });
        if (!(utils.parseKey(pair.private) instanceof Error)) {
            return pair;
        }
    }
}
