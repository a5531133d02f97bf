import { ApplicationViewSchema, showApplication } from '../../domain/application/application-view.ts';
import { applicationTag } from '../../domain/model/request/settings-tag.ts';
import { viewHeard } from '../../domain/release/heard-view.ts';
import { HearingSchema } from '../../domain/release/hearing.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

const DetailsSchema = ApplicationViewSchema.extend(HearingSchema.shape).meta({ id: 'ApplicationDetails' });

export const getApplication = operation(
  {
    operationId: 'getApplication',
    tag: 'application',
    summary: 'One application with its effective policy, what was heard of its repository, and why nothing came of it',
    input: { path: ApplicationPath },
    answers: { 200: DetailsSchema },
    isTagged: true,
  },
  async ({ path: { app } }, { store }: Services<'read'>) => {
    const application = await findApplication(store, app);
    const body = { ...showApplication(application), ...(await viewHeard(store, application)) };
    return answer(200, body, applicationTag(application));
  },
);
