/** `npm run ledger:fill -- --url URL --application APP` */
import { commandLine } from './command-line.ts';
import { fillLedgers } from './fill-ledgers.ts';

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
process.exitCode = await fillLedgers(commandLine(), { signal: interruption.signal });
