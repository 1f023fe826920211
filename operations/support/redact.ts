/** What takes the place of a secret. */
const hidden = "[hidden]";

const secretTexts: readonly RegExp[] = [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    // A private key in base64, whichever way its bytes fall: "PRIVATE" is in there.
    /[\w+/]*(?:UFJJVkFUR|BSSVZBVE|QUklWQVRF)[\w+/]*=*/g,
    // A key for secrets at rest.
    /\bsecret: *"?[\w+/]{40,}=*/g,
    // Keys of a store: as its file on control planes has them, and settings in JSON, which may be quoted once more.
    /(access|secret)-key=[^\s\\"]+/g,
    /(accessKey|secretKey|password)\\*": *\\*"[^"\\]*/g,
    // A JSON Web Token: three parts, of which the first two are JSON objects.
    /\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g,
    /\b(client-key-data|certificate-authority-key-data): *\S+/g,
    /\b[Bb]earer +[\w.~+/-]+=*/g,
    // Bootstrap tokens: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
    /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
    // Whoever writes a password into a URL.
    /(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g,
];

/** Text of daemons and commands, without what looks like a secret. */
export function redactText(text: string): string {
    return secretTexts.reduce((clean, secret) => clean.replace(secret, hidden), text);
}

const secretKey = /^(privateKey|accessKey|secure)$|password|passphrase|secret|token/i;

/** Settings without values of keys that hold secrets, whether they are encrypted there or not; lists and names stay. */
export function redactSettings(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(redactSettings);
    if (typeof value === "string") return redactText(value);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
            key,
            secretKey.test(key) && typeof inner !== "object" ? hidden : redactSettings(inner),
        ]),
    );
}

/** Lines of a private key, at most. */
const longestKey = 100;

/**
 * Takes secrets out of text that comes bit by bit: lines are held back until they are whole, and a private key's lines
 * are hidden from its first to its last one. Digests go, too: passwords that are derived from keys look like them.
 */
export class SecretFilter {
    private rest = "";
    private keyLines = 0;

    /** What of the text so far may be shown. */
    add(text: string): string {
        const lines = (this.rest + text).split("\n");
        this.rest = lines.pop() ?? "";
        return lines.map((line) => `${this.line(line)}\n`).join("");
    }

    /** What is left. */
    end(): string {
        const rest = this.rest && this.line(this.rest);
        this.rest = "";
        return rest;
    }

    private line(line: string): string {
        const ends = line.lastIndexOf("-----END ");
        if (this.keyLines > 0) {
            this.keyLines = ends >= 0 ? 0 : this.keyLines - 1;
            return hidden;
        }
        const begins = line.search(/-----BEGIN [A-Z ]*PRIVATE KEY-----(?![^]*-----END )/);
        if (begins >= 0) this.keyLines = longestKey;
        return redactText(line).replace(/\b[0-9a-f]{64}\b/g, hidden);
    }
}
