/** Systems whose packages a mirror can carry, by ID and VERSION_ID of their /etc/os-release. */
export const systemNames = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"] as const;

export type SystemName = (typeof systemNames)[number];

/** The index of a system's packages, from the mirror's folder; the packages lie beside it. */
export function indexTemplate(system: SystemName): string {
    return `packages/${system}/{arch}/Packages`;
}
