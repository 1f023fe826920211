import type { Architecture } from "../../../components/inventory/node";
import type { Entry } from "../../archive";
import type { DebianFiles, Selection } from "../../build/debian";
import type { JobContext } from "../../job";
import { cLibrary, debianFiles, libraries, registerPackages } from "../base";

/** `dig` and `getent`, which ask for names by glibc's resolver. */
const dns: Selection = {
    "bind9-dnsutils": [/^usr\/bin\/dig$/],
    "libc-bin": [/^usr\/bin\/getent$/],
    // busybox's own shell takes its built-in nc and ip before those on PATH.
    dash: [/^usr\/bin\/dash$/],
    libc6: [cLibrary, /\/libnss_(dns|files)\.so\.2$/],
    ...of(
        "bind9-libs libcom-err2 libedit2 libfstrm0 libgssapi-krb5-2 libidn2-0 libjemalloc2 libjson-c5 libk5crypto3 " +
            "libkeyutils1 libkrb5-3 libkrb5support0 liblmdb0 liblzma5 libmaxminddb0 libnghttp2-14 libprotobuf-c1 " +
            "libssl3t64 libstdc++6 libgcc-s1 libtinfo6 libbsd0 libmd0 libunistring5 liburcu8t64 libuv1t64 libxml2 libzstd1 zlib1g",
    ),
};

/** What upstream's agnhost has beside a shell: curl, nc, ip, dig. */
const network: Selection = {
    ...dns,
    curl: [/^usr\/bin\/curl$/],
    iproute2: [/^usr\/s?bin\/(ip|ss|tc|bridge)$/],
    "netcat-openbsd": [/^usr\/bin\/nc\.openbsd$/],
    bash: [/^usr\/bin\/bash$/],
    ...of(
        "libbpf1 libbrotli1 libcap2 libcurl4t64 libdb5.3t64 libelf1t64 libffi8 libgmp10 libgnutls30t64 libhogweed6t64 " +
            "libldap2 libmnl0 libnettle8t64 libnghttp3-9 libp11-kit0 libpcre2-8-0 libpsl5t64 librtmp1 libsasl2-2 " +
            "libselinux1 libssh2-1t64 libtasn1-6 libtirpc3t64 libxtables12",
    ),
};

/** A shell that hands on variables whose names aren't a shell's ("data-1"), which busybox's as Debian builds it doesn't. */
const bash: Selection = { bash: [/^usr\/bin\/bash$/], libc6: [cLibrary], ...of("libtinfo6") };

function of(packages: string): Selection {
    return Object.fromEntries(packages.split(" ").map((name) => [name, [libraries]]));
}

/** Registered only where an image wants them: nobody else shall wait for their download. */
export const dnsTools = () => registerPackages(dns);
export const shellTools = () => registerPackages(bash);
export const networkTools = () => registerPackages(network);

/** These commands on top of a shell with the usual ones; where both have one, Debian's takes its place. */
export async function withTools(selection: Selection, arch: Architecture, context: JobContext): Promise<DebianFiles> {
    const { entries, packages } = await debianFiles(selection, arch, context);
    // What a package's installation would make.
    const link = (path: string, target: string): Entry => ({ path, type: "link", target });
    const nc = selection["netcat-openbsd"] ? [link("usr/bin/nc", "nc.openbsd")] : [];
    const sh = ["dash", "bash"]
        .filter((name) => selection[name])
        .map((name) => link("usr/bin/sh", name))
        .slice(0, 1);
    return { entries: [...entries, ...nc, ...sh], packages };
}
