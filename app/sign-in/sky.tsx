// Drawn, not random: the server and the browser must agree. Three paths of dots, from faint to fainter.
const faint = [0.4, 0.27, 0.16].map((opacity, band) => ({
  opacity,
  width: 0.6 + band * 0.25,
  path: Array.from({ length: 24 }, (_, n) => {
    const place = n * 3 + band
    const x = (place * 0.618_033_988_75) % 1
    const y = (place * 0.754_877_666_25 + 0.31) % 1
    return `M${(x * 300).toFixed(1)} ${(y * 360).toFixed(1)}h0`
  }).join(''),
}))

const stars = [
  [88, 60, 2.2],
  [210, 84, 1.8],
  [150, 40, 1.2],
  [128, 196, 2],
  [146, 184, 2],
  [164, 172, 2],
  [96, 318, 1.6],
] as const

/** Orion, with Rigel shining. Decoration: always night, in both themes. */
export function Sky() {
  return (
    <div
      aria-hidden
      className="border-line border-l bg-[linear-gradient(160deg,#0b1124,#070a13_70%)] max-sm:order-first max-sm:border-0"
    >
      {/* biome-ignore lint/a11y/noSvgWithoutTitle: hidden from assistive technology with its parent */}
      <svg viewBox="0 0 300 360" width="100%" height="100%" preserveAspectRatio="xMidYMax slice">
        <defs>
          <radialGradient id="glow">
            <stop offset="0" stopColor="#6d92ff" stopOpacity=".55" />
            <stop offset="1" stopColor="#6d92ff" stopOpacity="0" />
          </radialGradient>
        </defs>
        {faint.map(({ opacity, width, path }) => (
          <path
            key={opacity}
            d={path}
            stroke="#fff"
            strokeOpacity={opacity}
            strokeWidth={width}
            strokeLinecap="round"
          />
        ))}
        <path
          d="M88 60L150 40L210 84L164 172L128 196L88 60M164 172L214 300L96 318L128 196"
          fill="none"
          stroke="#7f93c9"
          strokeOpacity=".22"
          strokeWidth=".5"
        />
        {stars.map(([x, y, r]) => (
          <circle key={`${x} ${y}`} cx={x} cy={y} r={r} fill="#dfe7ff" opacity=".85" />
        ))}
        <circle cx="214" cy="300" r="26" fill="url(#glow)" />
        <path
          transform="translate(201 286.5) scale(.92)"
          fill="#e8eeff"
          d="M14.2 4.6Q15.2 12.1 22.5 9.4Q16.5 14.2 22.5 19Q15.2 16.3 14.2 23.8Q13.2 16.3 5.9 19Q11.9 14.2 5.9 9.4Q13.2 12.1 14.2 4.6Z"
        />
      </svg>
    </div>
  )
}
