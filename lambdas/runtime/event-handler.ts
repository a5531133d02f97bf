import middy from '@middy/core';
import * as z from 'zod';
import { logger } from './logger.ts';
import { parseInput } from './parse-input.ts';
import { untilCallsEnd } from './until-calls-end.ts';

/** The envelope that EventBridge puts around every event. */
export const EnvelopeSchema = z.object({
  id: z.string(),
  'detail-type': z.string(),
  source: z.string(),
  /** When the event was put on the bus, in whole seconds. */
  time: z.iso.datetime(),
  detail: z.unknown(),
});

/** Returns a handler for events with this detail. An event may come twice, so `perform` must be safe to repeat. */
export function eventHandler<Detail extends z.ZodType>(
  detail: Detail,
  perform: (detail: z.output<Detail>, envelope: z.output<typeof EnvelopeSchema>) => Promise<void>,
) {
  return middy(async (event: unknown): Promise<void> => {
    const envelope = parseInput('event', EnvelopeSchema, event);
    logger.appendKeys({ eventId: envelope.id, detailType: envelope['detail-type'] });
    await perform(parseInput('event detail', detail, envelope.detail), envelope);
    logger.info('event consumed');
  })
    .use(untilCallsEnd())
    .onError(({ error }) => {
      logger.error('event not consumed', { error });
    });
}
