"""The attributes of each type of trace that a still draws, or that change nothing in it.

Words apart by white space: a name, in which ``*`` stands for anything, or
``name=value|value`` where only these values can be drawn (blanks in them are
written as hyphens). Whatever is set and is not here is refused.
"""

_SILENT = """
type uid ids idssrc customdata meta meta.* metasrc uirevision hover* *src stream.*
xhoverformat yhoverformat zhoverformat selected.* unselected.* legendrank legendwidth
legendgroup legend=legend texttemplatefallback
"""
"""Nothing of it is seen without a pointer, or it only orders the legend."""

_NAMED = f"{_SILENT} name visible showlegend"
_ALL = f"{_NAMED} opacity"

_LEVELS = """
{0}cmin {0}cmax {0}cmid {0}cauto {0}colorscale {0}autocolorscale {0}reversescale {0}showscale
{0}coloraxis {0}colorbar.*
"""
_MARKER_COLORS = f"marker.color {_LEVELS.format('marker.')}"
_COLORBAR = """
colorbar.title.* colorbar.tick* colorbar.len* colorbar.thickness* colorbar.x* colorbar.y*
colorbar.outline* colorbar.border* colorbar.bgcolor colorbar.nticks colorbar.dtick colorbar.show*
colorbar.orientation colorbar.exponentformat colorbar.separatethousands colorbar.minexponent
"""
_Z = f"""
zmin zmax zmid zauto colorscale autocolorscale reversescale showscale coloraxis {_COLORBAR}
"""
_FLAT = "xaxis yaxis xcalendar=gregorian ycalendar=gregorian zorder"
_PLACES = "x y x0 y0 dx dy xperiod=0 yperiod=0 xperiodalignment yperiodalignment"
_ERROR = """
error_{0}.type error_{0}.array error_{0}.arrayminus error_{0}.value error_{0}.valueminus
error_{0}.symmetric error_{0}.visible error_{0}.color error_{0}.thickness error_{0}.width
error_{0}.copy_ystyle error_{0}.traceref error_{0}.tracerefminus
"""
_ERRORS = _ERROR.format("x") + _ERROR.format("y")
_TEXT = "text texttemplate textposition textfont.*"
_MARKER = f"""
{_MARKER_COLORS} marker.size marker.sizemode marker.sizeref marker.sizemin marker.opacity
marker.symbol marker.line.width marker.line.color marker.angle=0 marker.angleref=up
marker.standoff=0 marker.maxdisplayed=0 marker.gradient.type=none marker.line.dash=solid
"""
_SCATTER = f"""
{_ALL} {_PLACES} {_ERRORS} {_TEXT} {_FLAT} {_MARKER} mode connectgaps fill fillcolor
line.color line.width line.dash line.shape line.smoothing line.simplify line.backoff=auto|0
cliponaxis=True fillpattern.fillmode fillpattern.size fillpattern.solidity fillgradient.type=none
orientation stackgroup groupnorm stackgaps offsetgroup alignmentgroup
"""
_BAR_LOOK = f"""
{_MARKER_COLORS} marker.opacity marker.line.width marker.line.color marker.pattern.fillmode
marker.pattern.size marker.pattern.solidity {_TEXT} insidetextfont.* outsidetextfont.*
insidetextanchor textangle=auto|0 constraintext cliponaxis offsetgroup alignmentgroup
"""
_SPREAD = f"""
{_ALL} {_FLAT} x y orientation marker.color marker.size marker.opacity
marker.symbol=circle marker.line.width=0 marker.line.color marker.outliercolor line.color
line.width fillcolor
offsetgroup alignmentgroup jitter pointpos quartilemethod=linear width=0 text
xperiod=0 yperiod=0
"""

_GRID = f"{_ALL} {_FLAT} {_Z} x y z x0 y0 dx dy transpose=False text xtype ytype"

TRACES: dict[str, str] = {
    "scatter": _SCATTER,
    "scattergl": _SCATTER,
    "bar": f"{_ALL} {_PLACES} {_ERRORS} {_FLAT} {_BAR_LOOK} orientation base width",
    "histogram": f"""
        {_ALL} {_FLAT} {_BAR_LOOK} x y orientation histfunc histnorm nbinsx nbinsy xbins.*
        ybins.* autobinx autobiny bingroup cumulative.enabled cumulative.direction=increasing
        cumulative.currentbin=include
    """,
    "box": f"""
        {_SPREAD} boxpoints boxmean=False notched=False notchwidth whiskerwidth sdmultiple=1
        sizemode=quartiles showwhiskers=True x0 y0
    """,
    "violin": f"""
        {_SPREAD} points box.visible box.width box.fillcolor box.line.* meanline.visible=False
        side=both scalemode=width scalegroup spanmode=soft|hard x0 y0
    """,
    "heatmap": f"""
        {_GRID} texttemplate textfont.* hoverongaps connectgaps=False zsmooth=False xgap ygap
    """,
    "contour": f"""
        {_GRID} autocontour ncontours contours.start contours.end contours.size
        contours.coloring contours.showlines contours.type=levels contours.showlabels=False
        line.color line.width line.dash line.smoothing connectgaps=True|False
    """,
    "histogram2d": f"""
        {_ALL} {_FLAT} {_Z} x y z histfunc histnorm nbinsx nbinsy xbins.* ybins.* autobinx
        autobiny bingroup xbingroup ybingroup texttemplate textfont.* xgap ygap zsmooth=False
    """,
    "image": f"""
        {_ALL} {_FLAT} z source x0 y0 dx dy colormodel=rgb|rgba|rgba256 zsmooth=fast|False
    """,
    "surface": f"""
        {_ALL} {_LEVELS.format("")} {_COLORBAR} x y z scene surfacecolor
        hidesurface=False connectgaps=False contours.*.highlight* contours.x.show=False
        contours.y.show=False contours.z.show contours.z.start contours.z.end contours.z.size
        contours.z.color contours.z.width contours.*.usecolormap=False
        contours.*.project.*=False lighting.* lightposition.* text
        xcalendar=gregorian ycalendar=gregorian zcalendar=gregorian
        contours.x.color contours.x.width contours.y.color contours.y.width
    """,
    "scatter3d": f"""
        {_ALL} x y z scene text connectgaps=False line.color line.width line.colorbar.*
        mode=lines|markers|lines+markers|markers+lines|none
        line.dash=solid {_MARKER_COLORS} marker.size marker.sizemode marker.sizeref
        marker.sizemin marker.opacity marker.symbol=circle marker.line.color surfaceaxis=-1
        marker.line.width=0 textposition textfont.* xcalendar=gregorian
        ycalendar=gregorian zcalendar=gregorian
    """,
    "scatterpolar": f"""
        {_ALL} r theta r0=0 dr=1 theta0=0 thetaunit=degrees|radians subplot text
        mode=lines|markers|lines+markers|markers+lines|none
        line.color line.width line.shape=linear line.dash line.smoothing line.backoff=auto|0
        {_MARKER_COLORS} marker.size marker.sizemode marker.sizeref marker.sizemin
        marker.opacity marker.symbol=circle marker.line.width=0 marker.line.color
        fill=none|toself fillcolor
        connectgaps cliponaxis textposition textfont.*
    """,
    "barpolar": f"""
        {_ALL} r theta r0=0 dr=1 theta0=0 thetaunit=degrees|radians width subplot text
        {_MARKER_COLORS} marker.opacity marker.line.width marker.line.color
        marker.pattern.fillmode marker.pattern.size marker.pattern.solidity
    """,
    "pie": f"""
        {_NAMED} labels values marker.colors marker.line.width=0 marker.line.color sort
        direction rotation hole domain.x domain.y
        textinfo=percent|label+percent|percent+label|label textposition=auto|inside|outside
        textfont.* insidetextfont.* outsidetextfont.* automargin pull=0 scalegroup
        insidetextorientation text
    """,
    "sankey": f"""
        {_NAMED} domain.x domain.y node.label node.color node.pad node.thickness
        node.line.* link.source
        link.target link.value link.label link.color link.line.* orientation=h arrangement
        valueformat valuesuffix node.hover* link.hover* textfont.* node.customdata
        link.customdata direction=forward link.arrowlen=0 node.align=justify node.sort link.sort
    """,
}
TRACES["scatterpolargl"] = TRACES["scatterpolar"]
