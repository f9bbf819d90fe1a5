import { useEffect, useRef, useState } from 'preact/hooks'

/**
 * How many rows of a long list are shown: some, and more of them as their end comes near, so that a long list costs no
 * more than what is looked at.
 */
export function useMore(total: number, step: number) {
  const [wanted, setWanted] = useState(step)
  const end = useRef<HTMLButtonElement>(null)
  const hasMore = wanted < total
  useEffect(() => {
    const element = end.current
    if (!element || !hasMore) return
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) setWanted((count) => count + step)
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [hasMore, wanted, step])
  const sentinel = hasMore && (
    <button type="button" class="more" ref={end} onClick={() => setWanted(wanted + step)}>
      {total - wanted} more
    </button>
  )
  return { count: Math.min(wanted, total), sentinel }
}
