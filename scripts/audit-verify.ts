/** `npm run audit:verify -- --url URL --application APP` */
import { commandLine } from './command-line.ts';
import { verifyAudit } from './verify-audit.ts';

process.exitCode = await verifyAudit(commandLine());
