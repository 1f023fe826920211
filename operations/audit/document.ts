import type { Control } from "./control";
import { benchmark, controls } from "./controls";

const sections = [
    { section: "1.1", title: "Files of a control plane" },
    { section: "1.2", title: "API server" },
    { section: "1.3", title: "Controller-manager" },
    { section: "1.4", title: "Scheduler" },
    { section: "2", title: "etcd" },
    { section: "3", title: "Logging in, and the audit log" },
    { section: "4.1", title: "Files of every node" },
    { section: "4.2", title: "Kubelet" },
    { section: "4.3", title: "kube-proxy" },
    { section: "5.1", title: "Rights and accounts" },
    { section: "5.2", title: "Pods" },
    { section: "5.3", title: "Networks" },
    { section: "5.4", title: "Secrets" },
    { section: "5.5", title: "Images" },
    { section: "5.6", title: "Namespaces and pods" },
] as const;

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function row(control: Control): string {
    const passes = control.asked === "nobody" ? "" : `${control.asked}: ${control.passes}`;
    const exception = control.exception ? `**Exception.** ${control.exception}` : "";
    return `| ${control.id} | ${cell(control.title)} | ${cell([passes, exception].filter(Boolean).join(". "))} |`;
}

/** docs/security.md: what stands in `intro`, and a row for each control. */
export function securityDocument(intro: string): string {
    const tables = sections.map(({ section, title }) => {
        const rows = controls.filter(({ id }) => id.startsWith(`${section}.`)).map(row);
        return [`### ${section} ${title}`, "", "| | what | when it passes |", "| --- | --- | --- |", ...rows, ""].join(
            "\n",
        );
    });
    const excepted = controls.filter(({ exception }) => exception).length;
    return [
        intro.trim(),
        "",
        `## ${benchmark}`,
        "",
        `${controls.length} controls, numbered as there and told in our own words: ${controls.length - excepted} have to pass, ${excepted} are exceptions with a reason. "nodes", "control planes" and "API" is who is asked by \`npm run audit\`. test/e2e/cluster.test.ts holds a living cluster against all of them, and sees one fail and be mended.`,
        "",
        ...tables,
    ].join("\n");
}
