/**
 * One answer for everybody who asks within some milliseconds of it: several windows cost the cluster as much as one.
 * A failure is told to those who waited for it, and forgotten.
 */
export function shared<T>(milliseconds: number, ask: () => Promise<T>): () => Promise<T> {
    let answer: Promise<T> | undefined;
    let until = Infinity;
    return () => {
        if (answer === undefined || Date.now() >= until) {
            until = Infinity;
            answer = ask();
            answer.then(
                () => (until = Date.now() + milliseconds),
                () => (answer = undefined),
            );
        }
        return answer;
    };
}
