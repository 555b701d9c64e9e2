/** One part of the attack in a process of its own: `main.js part seed seconds`; the report comes as a message. */
import { partOf } from './parts.js';

const [name, seed, seconds] = process.argv.slice(2) as [string, string, string];
setInterval(() => process.send?.({ alive: true }), 1000);
process.on('unhandledRejection', () => {});
const part = await partOf(name);
const out = await part(Number(seed), Number(seconds));
process.send?.({ ...out, codes: [...out.codes], findings: [...out.findings] }, () => process.exit(0));
