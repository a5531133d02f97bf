import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { logger } from './logger.ts';
import { parseGiven } from './parse-given.ts';
import { untilCallsEnd } from './until-calls-end.ts';
import { untilLambdaEnds, whileItPasses } from './while-it-passes.ts';

/** The envelope that EventBridge puts around every event. */
export const EnvelopeSchema = z.object({
  id: z.string(),
  'detail-type': z.string(),
  source: z.string(),
  /** When the event was put on the bus, in whole seconds. */
  time: z.iso.datetime(),
  detail: z.unknown(),
});

interface EventHandlerProps {
  /** True for events that come once. Without it a schedule brings the next one. */
  readonly comesOnce?: boolean;
}

/**
 * Returns a handler for events with this detail. An event may come twice, so `perform` must be safe to repeat. An event
 * that comes once is tried again as long as the invocation lasts, if its error passes.
 */
export function eventHandler<Detail extends z.ZodType>(
  detail: Detail,
  perform: (detail: z.output<Detail>, envelope: z.output<typeof EnvelopeSchema>) => Promise<void>,
  { comesOnce = false }: EventHandlerProps = {},
) {
  return middy(async (event: unknown, context: Context): Promise<void> => {
    const envelope = parseGiven('event', EnvelopeSchema, event);
    logger.appendKeys({ eventId: envelope.id, detailType: envelope['detail-type'] });
    const given = parseGiven('event detail', detail, envelope.detail);
    const consume = () => perform(given, envelope);
    await (comesOnce ? whileItPasses(consume, untilLambdaEnds(context)) : consume());
    logger.info('event consumed');
  })
    .use(untilCallsEnd())
    .onError(({ error }) => {
      logger.error('event not consumed', { error });
    });
}
