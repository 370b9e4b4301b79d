/** Orion's belt, three small stars on a rising line, and Rigel, the bright one below. Not below 20 px. */
export function Mark({ size = 20, label }: { readonly size?: number; readonly label?: string }) {
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: named by aria-label, or decoration beside the name
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="currentColor"
      className="flex-none text-accent-ink"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <path d="M14.2 4.6Q15.2 12.1 22.5 9.4Q16.5 14.2 22.5 19Q15.2 16.3 14.2 23.8Q13.2 16.3 5.9 19Q11.9 14.2 5.9 9.4Q13.2 12.1 14.2 4.6Z" />
      <circle cx="2.4" cy="8.7" r="1.6" />
      <circle cx="5.7" cy="5.3" r="1.6" />
      <circle cx="9" cy="1.9" r="1.6" />
    </svg>
  )
}
