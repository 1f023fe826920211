import type { Change } from "./compare";

/** A difference that the kit found on a node, as a change: it is undone. */
export function driftChange(step: string, sentence: string): Change {
    return { step, what: subjectOf(sentence), how: "drifted", detail: sentence };
}

/** What one of the sentences of components/remote/kit/compare.sh is about; the whole of it where none fits. */
function subjectOf(sentence: string): string {
    const [, named] =
        /^((?:file|directory|link|user|sysctl|package|image|kernel module|label|taint) [^\s]+) /.exec(sentence) ?? [];
    const [, unit] = /^(unit [^\s:]+): /.exec(sentence) ?? [];
    const [, artifact] = /^(artifact \S+) \S+: /.exec(sentence) ?? [];
    const [, path] = /^(\/\S+) is no (?:plain file|link|directory)$/.exec(sentence) ?? [];
    return named?.replace(/^(taint [^:]+):.*/, "$1") ?? unit ?? artifact ?? (path && `file ${path}`) ?? sentence;
}
