import type { HttpEvent } from './http-event.ts';

/** Who signed the request: the ARN, and the id that is unique to a role and its session (`AROA…:<session>`). */
export interface Identity {
  readonly userArn: string;
  readonly userId: string;
}

export function identityOf(event: HttpEvent): Identity {
  const userId = event.requestContext.authorizer?.iam?.userId;
  if (!userId) throw new Error(`answering ${event.routeKey}: the request carries no id of an IAM caller`);
  return { userArn: callerOf(event), userId };
}

/** Returns the ARN of the caller who signed, such as `arn:aws:sts::111111111111:assumed-role/Deployers/jane`. */
export function callerOf({ routeKey, requestContext }: HttpEvent): string {
  const caller = requestContext.authorizer?.iam?.userArn;
  // This happens only when the gateway lets an unsigned request through to a signed route.
  if (!caller) throw new Error(`answering ${routeKey}: the request carries no IAM caller`);
  return caller;
}
