import * as z from 'zod';
import { NotFoundError } from '../../domain/errors.ts';
import { AuditEntrySchema, AuditHeadSchema } from '../../domain/model/audit.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

const AuditQuery = PageQuery.extend({ order: z.enum(['oldest', 'newest']).default('oldest') });
const HeadViewSchema = AuditHeadSchema.pick({ sequence: true, hash: true });

export const listAudit = operation(
  {
    operationId: 'listAudit',
    tag: 'application',
    summary:
      'The audit of an application, a chain of hashes: every decision, lift and change; kept after the application is removed',
    input: { path: ApplicationPath, query: AuditQuery },
    /** `head` is the end of the chain at the time of the request. */
    answers: { 200: pageOf(AuditEntrySchema).extend({ head: HeadViewSchema }) },
  },
  async ({ path: { app: application }, query: { order, ...page } }, { store }: Services<'read'>) => {
    const head = await store.get('auditHead', { application });
    if (!head) throw new NotFoundError('application', application);
    const listing = LISTINGS.audit(application, order === 'oldest' ? 'ascending' : 'descending');
    const shown = await showPage(await store.list(listing, page), (entry) => entry);
    return answer(200, { ...shown, head });
  },
);
