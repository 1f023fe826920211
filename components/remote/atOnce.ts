/**
 * Machines asked at the same time. A login takes milliseconds of this machine's time: of hundreds at once, the last would
 * be late through no fault of theirs.
 */
const atOnce = 64;

/** Asks each machine, so many side by side, and gives the answers in the machines' order. */
export async function askEach<Machine, Answer>(
    machines: readonly Machine[],
    ask: (machine: Machine) => Promise<Answer>,
): Promise<Answer[]> {
    const answers: Answer[] = [];
    const next = machines.entries();
    const askOneByOne = async () => {
        for (const [index, machine] of next) answers[index] = await ask(machine);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, machines.length) }, askOneByOne));
    return answers;
}
