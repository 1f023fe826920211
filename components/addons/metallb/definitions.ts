import * as kubernetes from "@pulumi/kubernetes";

type Schema = kubernetes.types.input.apiextensions.v1.JSONSchemaProps;

/** One kind of MetalLB's. */
export interface Definition {
    readonly kind: string;
    readonly plural: string;
    readonly versions: readonly Version[];
}

interface Version {
    readonly name: string;
    readonly spec: Schema;
    readonly status?: Schema;
    /** Columns of `kubectl get`: title and JSON path. */
    readonly columns?: Readonly<Record<string, string>>;
    /** Served, but another version is the one that is stored. */
    readonly old?: boolean;
}

const text: Schema = { type: "string" };
const texts: Schema = { type: "array", items: text };
const number: Schema = { type: "integer", format: "int64" };
/** Whatever stands there: Slipway makes no such object, and MetalLB checks those that others make. */
const anything: Schema = { type: "object", x_kubernetes_preserve_unknown_fields: true };

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
const labelSelectors: Schema = {
    type: "array",
    items: {
        type: "object",
        x_kubernetes_map_type: "atomic",
        properties: {
            matchLabels: { type: "object", additionalProperties: text },
            matchExpressions: {
                type: "array",
                x_kubernetes_list_type: "atomic",
                items: {
                    type: "object",
                    required: ["key", "operator"],
                    properties: { key: text, operator: text, values: { ...texts, x_kubernetes_list_type: "atomic" } },
                },
            },
        },
    },
};

const pool: Version = {
    name: "v1beta1",
    columns: { "Auto Assign": ".spec.autoAssign", Addresses: ".spec.addresses" },
    spec: {
        type: "object",
        required: ["addresses"],
        properties: {
            addresses: texts,
            autoAssign: { type: "boolean", default: true },
            avoidBuggyIPs: { type: "boolean", default: false },
            serviceAllocation: {
                type: "object",
                properties: {
                    priority: { type: "integer" },
                    namespaces: texts,
                    namespaceSelectors: labelSelectors,
                    serviceSelectors: labelSelectors,
                },
            },
        },
    },
    status: {
        type: "object",
        required: ["assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"],
        properties: { assignedIPv4: number, assignedIPv6: number, availableIPv4: number, availableIPv6: number },
    },
};

const l2Advertisement: Version = {
    name: "v1beta1",
    columns: { IPAddressPools: ".spec.ipAddressPools", Interfaces: ".spec.interfaces" },
    spec: {
        type: "object",
        properties: {
            interfaces: texts,
            ipAddressPools: texts,
            ipAddressPoolSelectors: labelSelectors,
            nodeSelectors: labelSelectors,
        },
    },
    status: { type: "object" },
};

const serviceL2Status: Version = {
    name: "v1beta1",
    columns: {
        "Allocated Node": ".status.node",
        "Service Name": ".status.serviceName",
        "Service Namespace": ".status.serviceNamespace",
    },
    spec: { type: "object" },
    status: {
        type: "object",
        properties: {
            interfaces: { type: "array", items: { type: "object", properties: { name: text } } },
            node: text,
            serviceName: text,
            serviceNamespace: text,
        },
    },
};

const unchecked = (name: string, old = false): Version => ({ name, spec: anything, status: anything, old });

/**
 * The kinds that MetalLB 0.15 watches; without one of them it doesn't start. Those of layer 2 have their fields, those
 * of BGP are taken as they come.
 */
export const definitions: readonly Definition[] = [
    { kind: "IPAddressPool", plural: "ipaddresspools", versions: [pool] },
    { kind: "L2Advertisement", plural: "l2advertisements", versions: [l2Advertisement] },
    { kind: "ServiceL2Status", plural: "servicel2statuses", versions: [serviceL2Status] },
    { kind: "BGPPeer", plural: "bgppeers", versions: [unchecked("v1beta1", true), unchecked("v1beta2")] },
    { kind: "BGPAdvertisement", plural: "bgpadvertisements", versions: [unchecked("v1beta1")] },
    { kind: "BFDProfile", plural: "bfdprofiles", versions: [unchecked("v1beta1")] },
    { kind: "Community", plural: "communities", versions: [unchecked("v1beta1")] },
    { kind: "ServiceBGPStatus", plural: "servicebgpstatuses", versions: [unchecked("v1beta1")] },
];

export const metallbGroup = "metallb.io";

/** The CustomResourceDefinition of one kind. */
export function definitionSpec({
    kind,
    plural,
    versions,
}: Definition): kubernetes.types.input.apiextensions.v1.CustomResourceDefinitionSpec {
    return {
        group: metallbGroup,
        scope: "Namespaced",
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: versions.map(({ name, spec, status, columns = {}, old = false }) => ({
            name,
            served: true,
            storage: !old,
            subresources: { status: {} },
            additionalPrinterColumns: Object.entries(columns).map(([title, jsonPath]) => ({
                name: title,
                type: "string",
                jsonPath,
            })),
            schema: { openAPIV3Schema: { type: "object", properties: { spec, ...(status && { status }) } } },
        })),
    };
}
