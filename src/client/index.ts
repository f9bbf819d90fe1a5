export { hideCredentials } from '../core/errors.ts'
export {
  type BusClient,
  type BusClientOptions,
  type CallOptions,
  createBusClient,
  type Input,
  type Output,
} from './client.ts'
export { BusApiError, type BusApiErrorBody, BusUnreachable, isOutcomeUnknown } from './errors.ts'
export { createFetchTransport } from './fetch-transport.ts'
export { type HeldLane, keepLane, releaseLane, toHeldLane } from './held-lane.ts'
export type { OperationId } from './operations.gen.ts'
export { findUnready } from './ready.ts'
export type { Transport, TransportAnswer, TransportRequest } from './transport.ts'
