/** One part of the attack in a process of its own: `main.js part seed seconds`; the report comes as a message. */
import { parts } from './parts.js';

const [name, seed, seconds] = process.argv.slice(2) as [string, string, string];
setInterval(() => process.send?.({ alive: true }), 1000);
process.on('unhandledRejection', () => {});
const out = await (parts[name] as (typeof parts)[string])(Number(seed), Number(seconds));
process.send?.({ ...out, codes: [...out.codes], findings: [...out.findings] }, () => process.exit(0));
