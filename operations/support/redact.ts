/** What takes the place of a secret. */
const hidden = "[hidden]";

const secretTexts: readonly RegExp[] = [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
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

const secretKey = /^(privateKey|secure)$|password|passphrase|secret|token/i;

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
