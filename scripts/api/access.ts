import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessPage } from './access-table.ts';

/** `npm run access`: prints which role may call which route, and keeps the table in docs/access.md. */
writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'access.md'), accessPage());
process.stdout.write(accessPage());
