import type { HttpEvent } from './http-event.ts';

/** Who signed the request, with the id that is unique to a role and its session (`AROA…:<session>`). */
export interface Identity {
  readonly userArn: string;
  readonly userId: string;
}

export function identityOf(event: HttpEvent): Identity {
  const userId = event.requestContext.authorizer?.iam?.userId;
  if (!userId) throw new Error(`answering ${event.routeKey}: the request carries no id of an IAM caller`);
  return { userArn: callerOf(event), userId };
}

/** The signed caller: the ARN IAM knows, as in `arn:aws:sts::111111111111:assumed-role/Deployers/jane`. */
export function callerOf({ routeKey, requestContext }: HttpEvent): string {
  const caller = requestContext.authorizer?.iam?.userArn;
  // Only a gateway that lets unsigned requests reach a signed route brings us here.
  if (!caller) throw new Error(`answering ${routeKey}: the request carries no IAM caller`);
  return caller;
}
