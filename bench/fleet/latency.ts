/** A wire of a certain length: a port of 127.0.0.1 that hands on to another one, each way after half the latency. */
import { createServer, connect, type AddressInfo, type Socket } from "node:net";

export interface Wire {
    readonly port: number;
    close(): Promise<void>;
}

/** @param latency milliseconds there and back */
export async function wireTo(port: number, latency: number): Promise<Wire> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
        const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
        for (const socket of [near, far]) {
            sockets.add(socket);
            socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
        }
        delay(near, far, latency / 2);
        delay(far, near, latency / 2);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        port: (server.address() as AddressInfo).port,
        close: () => {
            sockets.forEach((socket) => socket.destroy());
            return new Promise((resolve) => server.close(() => resolve()));
        },
    };
}

/** Timers of one length fire in the order in which they were set: what comes first arrives first. */
function delay(from: Socket, to: Socket, milliseconds: number): void {
    from.on("data", (chunk) => void setTimeout(() => to.writable && to.write(chunk), milliseconds));
    from.on("end", () => void setTimeout(() => to.end(), milliseconds));
    from.on("close", () => void setTimeout(() => to.destroy(), milliseconds));
}
