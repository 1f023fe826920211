// What Slipway manages: versions, certificates, add-ons, workloads, drift.
import { el } from "./elements.js";
import { clock, date, daysUntil } from "./format.js";
import { status } from "./nodes.js";
import { table } from "./tables.js";

export function slipway(managed, drift, onDrift) {
    return [
        el("h2", { id: "slipway-title" }, "What Slipway manages"),
        el(
            "div",
            { class: "cards wide" },
            driftCard(drift, onDrift),
            managed && [versions(managed), certificates(managed), deployed(managed)],
        ),
    ];
}

function driftCard({ found, asking, problem }, onDrift) {
    return el(
        "article",
        { class: "card", key: "drift" },
        el(
            "header",
            {},
            el("h3", {}, "Drift"),
            found &&
                status(
                    found.changes.length > 0 ? "waiting" : "good",
                    found.changes.length > 0 ? `${found.changes.length} found` : "None",
                ),
        ),
        el(
            "p",
            { class: "quiet" },
            "What somebody changed by hand, on the nodes and in the API. The look takes some seconds and changes nothing.",
        ),
        el(
            "button",
            { type: "button", id: "drift-button", disabled: asking, onclick: onDrift },
            asking ? "Looking …" : found ? "Look again" : "Look now",
        ),
        el(
            "div",
            { role: "status", id: "drift-result" },
            problem && status("bad", problem),
            found && el("p", { class: "quiet" }, `Looked at ${clock(found.at)}.`),
            found &&
                found.changes.length === 0 &&
                el("p", {}, found.unseen.length > 0 ? "Nothing has drifted of what answers." : "Nothing has drifted."),
            found &&
                found.changes.length > 0 && [
                    el(
                        "ul",
                        { class: "plain" },
                        found.changes.map(({ where, what }) =>
                            el("li", {}, el("b", {}, where), el("span", { class: "quiet under" }, what)),
                        ),
                    ),
                    el("p", {}, el("code", {}, "npm run up"), " mends it."),
                ],
            found && found.unseen.map((sentence) => el("p", {}, status("bad", sentence))),
        ),
    );
}

function versions({ versions }) {
    return el(
        "article",
        { class: "card", key: "versions" },
        el("header", {}, el("h3", {}, "Versions")),
        el(
            "dl",
            {},
            Object.entries(versions).map(([name, version]) => [el("dt", {}, name), el("dd", {}, version)]),
        ),
    );
}

function certificates({ certificates }) {
    const rows = certificates.map(({ name, ends }) => {
        const days = daysUntil(ends);
        const health = days < 14 ? "bad" : days < 30 ? "waiting" : "good";
        return { key: name, cells: [name, date(ends), status(health, days < 0 ? "over" : days)] };
    });
    const columns = ["Certificate", "Ends", "Days"].map((name) => ({ name }));
    return el(
        "article",
        { class: "card", key: "certificates" },
        el("header", {}, el("h3", {}, "Certificates")),
        table("Certificates", columns, rows),
    );
}

function deployed({ addons, workloads }) {
    const list = (title, all) => [
        el("h4", {}, title),
        all.length === 0
            ? el("p", { class: "quiet" }, "None.")
            : el(
                  "ul",
                  { class: "plain" },
                  all.map(({ name, url }) => el("li", { key: name }, el("b", {}, name), url && [" ", link(url)])),
              ),
    ];
    return el(
        "article",
        { class: "card", key: "deployed" },
        el("header", {}, el("h3", {}, "Add-ons and workloads")),
        list("Add-ons", addons),
        list("Workloads", workloads),
    );
}

/** Only web addresses become links. */
function link(url) {
    return /^https?:\/\//.test(url) ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url) : url;
}
