import type Docker from "dockerode";

interface Line {
    readonly error?: string;
    readonly stream?: string;
    readonly status?: string;
    readonly id?: string;
}

/** How many of its last lines a failing build may show. */
const lastLines = 15;

/** Waits for the end of an engine's stream; the error in it, if any, is the error. */
export function finished(
    docker: Docker,
    stream: NodeJS.ReadableStream,
    purpose: string,
    onLine: (line: string) => void = () => undefined,
): Promise<void> {
    const tail: string[] = [];
    const hear = ({ stream: text, status, id }: Line) => {
        const line = (text ?? [id, status].filter(Boolean).join(": ")).trim();
        if (line) {
            tail.push(line);
            tail.splice(0, tail.length - lastLines);
            onLine(line);
        }
    };
    return new Promise((resolve, reject) => {
        const end = (error: Error | null, lines: Line[] | null) => {
            const failed = error?.message ?? lines?.find((line) => line.error)?.error;
            if (failed === undefined) {
                return resolve();
            }
            reject(new Error([`${purpose} failed: ${failed}`, ...tail].join("\n")));
        };
        docker.modem.followProgress(stream, end, hear);
    });
}

/** Whether the engine has an image of this tag. */
export async function exists(docker: Docker, tag: string): Promise<boolean> {
    return docker
        .getImage(tag)
        .inspect()
        .then(
            () => true,
            (error: { statusCode?: number }) => {
                if (error.statusCode === 404) {
                    return false;
                }
                throw error;
            },
        );
}
