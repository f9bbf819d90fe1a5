import { describe, expect, it } from 'vitest'
import { AppError, commonError } from '../../core/errors.ts'
import { loadDriver } from './driver.ts'
import { findOutsideCause, isBusy, toStoreError } from './errors.ts'

const sqliteError = (errcode: number) => Object.assign(new Error('from SQLite'), { errcode })

describe('an error of SQLite', () => {
  it.each([
    [5, /locked/],
    [6, /locked/],
    [8, /read-only/],
    [10, /disk reported an error/],
    [13, /disk is full/],
    [14, /cannot be opened/],
    [26, /not an SQLite database/],
  ])('becomes store_unavailable with its cause in words when it is the world’s fault: %i', (code, words) => {
    const error = toStoreError(sqliteError(code))
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(words),
      details: { retry_after_ms: 1_000 },
    })
  })

  it('tells of a damaged file what to do, for to try again mends nothing', () => {
    expect(toStoreError(sqliteError(11))).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(
        /^nothing was changed: the database file is damaged -- .*restore the newest backup/,
      ),
      details: { retry_after_ms: 5_000 },
    })
  })

  it('is read by the low byte of its code, for the rest only refines it', () => {
    // SQLITE_IOERR_FSYNC, SQLITE_BUSY_SNAPSHOT
    expect(findOutsideCause(sqliteError(1_034))).toBe('the disk reported an error')
    expect(isBusy(sqliteError(517))).toBe(true)
    expect(isBusy(sqliteError(13))).toBe(false)
  })

  it('stays what it is when it is a fault of ours', async () => {
    const connection = (await loadDriver()).open(':memory:')
    let thrown: unknown
    try {
      connection.exec('select nonsense')
    } catch (error) {
      thrown = error
    }
    connection.close()
    expect(thrown).toBeInstanceOf(Error)
    expect(toStoreError(thrown)).toBe(thrown)
    expect(findOutsideCause(thrown)).toBeUndefined()
  })

  it('is never seen in what is no error of SQLite', () => {
    const refusal = Object.assign(commonError('invalid_request'), { errcode: 13 })
    expect(toStoreError(refusal)).toBe(refusal)
    for (const thrown of [undefined, null, 'full', { errcode: 13 }, new Error('no code'), sqliteError(Number.NaN)]) {
      expect(toStoreError(thrown)).toBe(thrown)
    }
  })
})
