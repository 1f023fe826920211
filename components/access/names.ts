/** The service account that `slipway dashboard` asks short-lived tokens for. */
export const viewer = { namespace: "kube-system", name: "slipway-dashboard" } as const;

/** The service account of the add-on Headlamp whose tokens people log in with. */
export const headlampViewer = { namespace: "headlamp", name: "headlamp-viewer" } as const;
