import * as z from 'zod';
import { NotFoundError } from '../../domain/errors.ts';
import { AuditEntrySchema, AuditHeadSchema, AuditTypeSchema } from '../../domain/model/audit.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { EnvironmentNameSchema } from '../../domain/names.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { inRange, listPage, TimeRange } from '../filtered-page.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

const AuditQuery = PageQuery.extend({
  order: z.enum(['oldest', 'newest']).default('oldest'),
  /** Only entries of this type. */
  type: AuditTypeSchema.optional(),
  /** Only entries about this environment. */
  environment: EnvironmentNameSchema.optional(),
  ...TimeRange,
});
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
  async ({ path: { app: application }, query: { order, limit, cursor, ...filters } }, { store }: Services<'read'>) => {
    const isInTime = inRange(filters);
    const head = await store.get('auditHead', { application });
    if (!head) throw new NotFoundError('application', application);
    const listing = LISTINGS.audit(application, order === 'oldest' ? 'ascending' : 'descending');
    const given = { ...filters, order: order === 'oldest' ? undefined : order };
    const { type, environment } = filters;
    const page = await listPage(store, listing, { limit, cursor }, given, (entry) => {
      const isAsked = (type ?? entry.type) === entry.type && (environment ?? entry.environment) === entry.environment;
      return isAsked && isInTime(entry.at);
    });
    const shown = await showPage(page, (entry) => entry);
    return answer(200, { ...shown, head });
  },
);
