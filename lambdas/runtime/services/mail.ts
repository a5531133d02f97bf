import * as z from 'zod';
import type { ApproverMail } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const mail = service({ TOPIC_ARN: z.string().startsWith('arn:') }, ({ TOPIC_ARN }) => ({
  mail: lazyPort<ApproverMail>(
    'SNS',
    async () => new (await import('../../adapters/sns-approver-mail.ts')).SnsApproverMail(TOPIC_ARN),
  ),
}));
