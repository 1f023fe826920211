import type { ClusterSettings } from "../config/schema";
import { Fragment } from "./entries";
import { command, neverGiveUp, respawn, unitText } from "./systemd";

/**
 * Snapshots of etcd, each control plane its own: one that is lost takes no snapshot with it that the others don't have.
 *
 * @param kit folder of the node kit, whose `step snapshots` runs until it is stopped
 */
export function snapshots({ snapshots: { hours, keep, folder } }: ClusterSettings, kit: string): Fragment {
    if (hours === 0) return [];
    const content = unitText({
        Unit: {
            Description: "Snapshots of etcd",
            After: "etcd.service",
            Wants: "etcd.service",
            ...neverGiveUp,
        },
        Service: {
            ExecStart: command(
                "/bin/sh",
                `${kit}/step`,
                "snapshots",
                `folder=${folder}`,
                `hours=${hours}`,
                `keep=${keep}`,
            ),
            ...respawn,
            NoNewPrivileges: "yes",
            // Reads everything and needs nothing at once.
            IOSchedulingClass: "idle",
            Nice: "10",
            // The kit clears up when it is told to end, and says by what it was.
            SuccessExitStatus: "143",
            TimeoutStopSec: "10",
        },
    });
    return [
        { kind: "directory", path: folder, mode: "0700" },
        { kind: "unit", name: "etcd-snapshots.service", state: "active", content, after: [kit] },
    ];
}
