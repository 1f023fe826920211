/** Something that the user can mend: a sentence that says what, where, why, and what to do. Shown without a stack. */
export class Failure extends Error {
    override readonly name = "Failure";

    /** @param exitCode what the command ends with; 1 unless a program that we ran had a reason for another. */
    constructor(
        message: string,
        readonly exitCode = 1,
    ) {
        super(message);
    }
}

/** The text for people: a Failure's sentence; of anything else the stack, since that is our mistake. */
export function explain(error: unknown): string {
    if (error instanceof Failure) return error.message;
    if (error instanceof Error) return error.stack ?? error.message;
    return String(error);
}
