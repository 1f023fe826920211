/** What came out of a test. */
export interface Outcome {
    readonly state: "passed" | "failed";
    readonly seconds: number;
    /** The first lines of what a failing test says. */
    readonly message?: string;
}

/** As Ginkgo writes it with --json-report; only what is read here. */
interface GinkgoReport {
    readonly SpecReports: readonly {
        readonly LeafNodeType: string;
        readonly LeafNodeText: string;
        readonly ContainerHierarchyTexts?: readonly string[] | null;
        readonly IsSerial?: boolean;
        readonly State: string;
        /** Nanoseconds. */
        readonly RunTime: number;
        readonly Failure?: { readonly Message?: string };
    }[];
}

const longest = 400;

/** Every test that Ginkgo's report names, in the words of Kubernetes' list, with what came of it; skipped ones too. */
export function readReport(text: string): { name: string; serial: boolean; state: string; outcome?: Outcome }[] {
    const reports = JSON.parse(text) as readonly GinkgoReport[];
    return reports
        .flatMap(({ SpecReports }) => SpecReports)
        .filter(({ LeafNodeType }) => LeafNodeType === "It")
        .map((spec) => ({
            name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" "),
            serial: spec.IsSerial === true,
            state: spec.State,
            outcome: outcomeOf(spec),
        }));
}

/** What Ginkgo says of a test that was under way when the whole run's time was up; a test's own limit has other words. */
const outOfTime = "A suite timeout occurred";

/** Interrupted and skipped tests have none, nor has the one that a run's limit cut off: they are still to be run. */
function outcomeOf({ State, RunTime, Failure }: GinkgoReport["SpecReports"][number]): Outcome | undefined {
    const seconds = Math.round(RunTime / 1e8) / 10;
    if (State === "passed") return { state: "passed", seconds };
    if (!["failed", "panicked", "timedout"].includes(State) || Failure?.Message?.startsWith(outOfTime))
        return undefined;
    const message = (Failure?.Message ?? State).trim().slice(0, longest);
    return { state: "failed", seconds, message };
}

/** Whether the suite itself gave up before its tests: what its set-up says, in one piece. */
export function brokenSetup(text: string): string | undefined {
    const reports = JSON.parse(text) as readonly GinkgoReport[];
    return reports
        .flatMap(({ SpecReports }) => SpecReports)
        .filter(({ LeafNodeType, State }) => /BeforeSuite/.test(LeafNodeType) && State === "failed")
        .map(({ Failure }) => (Failure?.Message ?? "").trim().slice(0, longest))[0];
}
