/** `npm run restore:check -- --table NAME --moment TIME --bucket NAME --machine ARN [--repair]` */

import { commandLine } from '../command-line.ts';
import { checkRestored } from './check-restored.ts';

process.exitCode = await checkRestored(commandLine());
