/** Waits for Ctrl-C, or for a polite request to end. */
export function untilInterrupted(): Promise<void> {
    return new Promise((resolve) => {
        const end = () => {
            process.off("SIGINT", end).off("SIGTERM", end);
            resolve();
        };
        process.on("SIGINT", end).on("SIGTERM", end);
    });
}
