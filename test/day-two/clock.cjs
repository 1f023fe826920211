// Moves this process's clock, and that of everything in Node.js that it starts: NODE_OPTIONS=--require of this file, and
// SLIPWAY_TEST_HOURS. So a run today issues certificates that began days ago, or looks at them a day later.
const shift = Number(process.env.SLIPWAY_TEST_HOURS ?? 0) * 3_600_000;
const RealDate = Date;

function MovedDate(...args) {
    if (!new.target) return new MovedDate().toString();
    return Reflect.construct(RealDate, args.length === 0 ? [MovedDate.now()] : args, new.target);
}
Object.setPrototypeOf(MovedDate, RealDate);
MovedDate.prototype = RealDate.prototype;
MovedDate.prototype.constructor = MovedDate;
MovedDate.now = () => RealDate.now() + shift;
if (shift !== 0) globalThis.Date = MovedDate;
