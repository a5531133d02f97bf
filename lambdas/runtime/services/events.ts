import * as z from 'zod';
import type { EventBus } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const events = service({ EVENT_BUS_NAME: z.string().min(1) }, ({ EVENT_BUS_NAME }) => ({
  events: lazyPort<EventBus>(
    'EventBridge',
    async () => new (await import('../../adapters/event-bridge-bus.ts')).EventBridgeBus(EVENT_BUS_NAME),
  ),
}));
