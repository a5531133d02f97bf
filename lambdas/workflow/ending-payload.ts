import { CaughtSchema } from '../domain/deployment/causes/caught.ts';
import { EndingSchema } from '../domain/deployment/record-ending.ts';
import { DeploymentPayload } from './payload.ts';

/** How the deployment ends, and for a failure what the workflow caught. */
export const EndingPayload = DeploymentPayload.extend({ ending: EndingSchema, failure: CaughtSchema.optional() });
