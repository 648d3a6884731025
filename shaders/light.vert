// Light, on a coarse grid: what changes slowly over the screen is worked out at its corners only.
in vec2 in_corner;  // 0..1, row 0 at the top
uniform sampler2D u_meter;
uniform sampler2D u_levels;
uniform float u_aspect;
uniform float u_vignette;
uniform float u_time;
uniform vec3 u_ambient;  // colour of the light that is never missing
noperspective out vec2 v_uv;
flat out vec2 v_levels;           // scale and offset
noperspective out float v_light;  // exposure and vignette
noperspective out vec3 v_fog;     // light added where the picture is too dark

void main() {
    v_uv = in_corner;
    vec2 p = (in_corner - 0.5) * vec2(u_aspect, 1.0);
    v_levels = texelFetch(u_levels, ivec2(0), 0).xy;
    vec4 meter = texelFetch(u_meter, ivec2(0), 0);
    float vignette = 1.0 - u_vignette * smoothstep(0.18, 1.1, dot(p, p)) * 0.85;
    float wave = sin(p.x * 3.1 + u_time * 0.31 + 1.3 * sin(p.y * 2.3 - u_time * 0.2));
    float fog = 1.0 + 0.45 * wave * sin(p.y * 3.7 - u_time * 0.23);
    v_light = meter.x * vignette;
    v_fog = u_ambient * (meter.y * fog * vignette);
    gl_Position = vec4(in_corner * 2.0 - 1.0, 0.0, 1.0);
}
