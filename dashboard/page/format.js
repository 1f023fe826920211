// How figures and times are written.

/** "1.5 GiB", "340 MiB". */
export function bytes(value) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1024;
        unit++;
    }
    return `${digits(value)} ${units[unit]}`;
}

/** CPU: "0.25", "3.1", "12". */
export const cores = (value) => digits(value);

/** Three figures are enough, and none behind the point where there are three before it. */
function digits(value) {
    if (value === 0) return "0";
    if (value >= 100) return value.toFixed(0);
    return value >= 10 ? trim(value.toFixed(1)) : trim(value.toFixed(value < 0.1 ? 3 : 2));
}
const trim = (text) => text.replace(/\.?0+$/, "");

/** A value of a graph with its unit. */
export function measure(value, unit) {
    switch (unit) {
        case "bytes":
            return bytes(value);
        case "bytes/s":
            return `${bytes(value)}/s`;
        case "cores":
            return cores(value);
        default:
            return digits(value);
    }
}

/** How long ago, as kubectl writes ages: "45s", "12m", "5h", "3d". */
export function age(since, now = Date.now()) {
    const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
    if (Number.isNaN(seconds)) return "–";
    if (seconds < 120) return `${seconds}s`;
    if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
    if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
    return `${Math.floor(seconds / 86400)}d`;
}

/** Whole days from now on; negative: it is over. */
export const daysUntil = (time, now = Date.now()) => Math.floor((Date.parse(time) - now) / 86_400_000);

export const clock = (time) =>
    new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const date = (time) =>
    new Date(time).toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" });

/** "1 pod", "2 pods". */
export const count = (number, noun) => `${digits(number)} ${noun}${number === 1 ? "" : "s"}`;
