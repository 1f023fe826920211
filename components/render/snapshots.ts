import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { command, neverGiveUp, respawn, unitText } from "./systemd";

/** What the places for copies are called: in units, in the kit, and in names such as "s3:hex-n1/etcd-….db". */
export type Place = "folder" | "s3";

/**
 * Snapshots of etcd, each control plane its own: one that is lost takes no snapshot with it that the others don't have.
 * Their copies elsewhere are units of their own, so that a store which hangs holds up neither snapshots nor another place.
 *
 * @param kit folder of the node kit, whose steps run until they are stopped
 */
export function snapshots(node: Pick<NodeSpec, "name">, cluster: ClusterSettings, kit: string): Fragment {
    const { hours, keep, folder, copies } = cluster.snapshots;
    const unit = (name: string, description: string, words: readonly string[], after: readonly string[] = []) =>
        ({
            kind: "unit",
            name: `${name}.service`,
            state: "active",
            content: patientUnit(description, command("/bin/sh", `${kit}/step`, ...words)),
            after: [kit, ...after],
        }) as const;
    const taking =
        hours === 0
            ? []
            : [
                  unit("etcd-snapshots", "Snapshots of etcd", [
                      "snapshots",
                      `folder=${folder}`,
                      `hours=${hours}`,
                      `keep=${keep}`,
                  ]),
              ];
    const copying = placesOf(cluster).map((place) =>
        unit(
            `etcd-copies-${place}`,
            `Copies of etcd's snapshots (${place})`,
            [
                "copy-snapshots",
                `place=${place}`,
                `node=${node.name}`,
                `folder=${folder}`,
                `keep=${copies?.keep ?? keep}`,
                ...placeWords(cluster, place),
            ],
            place === "s3" && copies?.s3?.authority ? [paths.storeCa] : [],
        ),
    );
    return [
        { kind: "directory", path: folder, mode: "0700" },
        ...(copies?.s3?.authority
            ? [{ kind: "file", path: paths.storeCa, content: copies.s3.authority } as const]
            : []),
        unit("etcd-care", "Room in etcd's file, and its alarms", ["care"]),
        ...taking,
        ...copying,
    ];
}

/** Where copies go. */
export function placesOf({ snapshots: { copies } }: ClusterSettings): Place[] {
    return [...(copies?.folder ? (["folder"] as const) : []), ...(copies?.s3 ? (["s3"] as const) : [])];
}

/** Words by which the kit finds a place, none of them secret. A place's names are PREFIX/NODE/SNAPSHOT. */
export function placeWords({ name, snapshots: { copies } }: ClusterSettings, place: Place): string[] {
    if (place === "folder") return [`to=${copies?.folder}`, `prefix=${name}`];
    const { endpoint, region, bucket, prefix, authority } = copies!.s3!;
    return [
        `endpoint=${endpoint}`,
        `region=${region}`,
        `bucket=${bucket}`,
        `prefix=${prefix ?? name}`,
        ...(authority ? [`authority=${paths.storeCa}`] : []),
    ];
}

/** What a control plane signs its requests to the store with; part of its credentials step. */
export function storeKeys({ snapshots: { copies } }: ClusterSettings): Fragment {
    if (!copies?.s3) return [];
    const { accessKey, secretKey } = copies.s3;
    return [
        {
            kind: "file",
            path: paths.storeKeys,
            mode: "0600",
            content: `access-key=${accessKey}\nsecret-key=${secretKey}\n`,
        },
    ];
}

/** Runs the kit for ever, beside etcd, whether that runs or not. */
function patientUnit(description: string, execStart: string): string {
    return unitText({
        Unit: {
            Description: description,
            // No Wants=: whoever stops etcd, to change its data, must find it stopped.
            After: "etcd.service",
            ...neverGiveUp,
        },
        Service: {
            ExecStart: execStart,
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
}
